"""The parity proof: staging and prod declare the same, and each difference has an origin that a person wrote down."""
