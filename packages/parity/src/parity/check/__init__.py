"""The parity proof: the stacks declare the same, and each difference has an origin that a person wrote down."""
