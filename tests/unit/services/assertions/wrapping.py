"""The known ways to wrap a signed SAML document around a forged one.

Each keeps a signature that is valid, moves what it signs to where nobody looks, and
puts somebody else's assertion where the signed one was.
"""

import copy
from collections.abc import Callable

from lxml import etree

from tests.unit.services.assertions.responses import DS, A, P

Element = etree._Element
Wrap = Callable[[Element, Element], Element]

SIGNATURE = f"{{{DS}}}Signature"
ASSERTION = f"{{{A}}}Assertion"


def evil(element: Element, name: str = "_evil") -> Element:
    """A copy that says Mallory, without a signature."""
    other = copy.deepcopy(element)
    for signature in list(other.iter(SIGNATURE)):
        signature.getparent().remove(signature)
    other.set("ID", name)
    for subject in other.iter(f"{{{A}}}NameID"):
        subject.text = "mallory"
    return other


def _object(signature: Element, content: Element) -> None:
    etree.SubElement(signature, f"{{{DS}}}Object").append(content)


def before_the_signed(root: Element, signed: Element) -> Element:
    """XSW3: the evil assertion stands before the signed one."""
    root.insert(root.index(signed), evil(signed))
    return root


def after_the_signed(root: Element, signed: Element) -> Element:
    """The evil assertion stands behind the signed one."""
    root.append(evil(signed))
    return root


def around_the_signed(root: Element, signed: Element) -> Element:
    """XSW4: the signed assertion is a child of the evil one."""
    outer = evil(signed)
    root.replace(signed, outer)
    outer.append(signed)
    return root


def with_its_signature(root: Element, signed: Element) -> Element:
    """XSW5: the evil assertion has the signature, the signed one stands at the end."""
    outer = evil(signed)
    signature = signed.find(SIGNATURE)
    root.replace(signed, outer)
    outer.insert(1, signature)
    root.append(signed)
    return root


def inside_its_signature(root: Element, signed: Element) -> Element:
    """XSW6 and XSW8: the signed assertion is an object of the signature it had."""
    outer = evil(signed)
    signature = signed.find(SIGNATURE)
    root.replace(signed, outer)
    outer.insert(1, signature)
    _object(signature, signed)
    return root


def in_extensions(root: Element, signed: Element) -> Element:
    """XSW7: the evil assertion stands in the response's extensions."""
    extensions = etree.Element(f"{{{P}}}Extensions")
    extensions.append(evil(signed))
    root.insert(1, extensions)
    return root


def signed_in_extensions(root: Element, signed: Element) -> Element:
    """The signed assertion stands in the extensions, the evil one in its place."""
    root.replace(signed, evil(signed))
    extensions = etree.Element(f"{{{P}}}Extensions")
    extensions.append(signed)
    root.insert(1, extensions)
    return root


def of_the_same_id(root: Element, signed: Element) -> Element:
    """The evil assertion has the id that the signature means, and comes first."""
    root.insert(0, evil(signed, signed.get("ID", "")))
    return root


def of_the_same_id_elsewhere(root: Element, signed: Element) -> Element:
    """Another element has the id, under another spelling of the attribute."""
    root.find(f"{{{P}}}Status").set("Id", signed.get("ID", ""))
    return root


def of_another_version(root: Element, signed: Element) -> Element:
    """The evil assertion is one of SAML 1's, and the signed one stands inside."""
    root.append(etree.Element("{urn:oasis:names:tc:SAML:1.0:assertion}Assertion"))
    root[-1].append(evil(signed))
    return root


def with_a_second_signature(root: Element, signed: Element) -> Element:
    """A signature stands where none belongs, for whoever looks for the first one."""
    root.find(f"{{{P}}}Status").append(copy.deepcopy(signed.find(SIGNATURE)))
    return root


WRAPS_OF_ASSERTIONS = [
    with_a_second_signature,
    before_the_signed,
    after_the_signed,
    around_the_signed,
    with_its_signature,
    inside_its_signature,
    in_extensions,
    signed_in_extensions,
    of_the_same_id,
    of_the_same_id_elsewhere,
    of_another_version,
]


def response_in_signature(root: Element) -> Element:
    """XSW1: the signed response is an object of the signature of the evil one."""
    outer = evil(root)
    signature = root.find(SIGNATURE)
    outer.insert(1, signature)
    _object(signature, root)
    return outer


def response_beside_signature(root: Element) -> Element:
    """XSW2: the signed response stands beside its signature in the evil one."""
    outer = evil(root)
    signature = root.find(SIGNATURE)
    outer.insert(1, signature)
    outer.insert(1, root)
    return outer


def response_in_extensions(root: Element) -> Element:
    """The signed response, whole, stands in the evil one's extensions."""
    outer = evil(root)
    extensions = etree.Element(f"{{{P}}}Extensions")
    extensions.append(root)
    outer.insert(1, extensions)
    return outer


WRAPS_OF_RESPONSES = [
    response_in_signature,
    response_beside_signature,
    response_in_extensions,
]
