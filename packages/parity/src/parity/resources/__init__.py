"""What each kind of resource is: one descriptor a kind, and the forms that all readers share (URN, equality)."""
