"""The components: what one application, database, delivery or log drain is made of."""
