"""AWS Organizations: accounts in a tree, and the policies that bind them."""
