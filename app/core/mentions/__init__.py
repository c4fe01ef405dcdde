"""What a text says that can be checked: telephone numbers, links, addresses, documents, office hours."""
