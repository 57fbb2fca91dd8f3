"""Assertions of identity providers: tokens and SAML responses, from text to proof."""
