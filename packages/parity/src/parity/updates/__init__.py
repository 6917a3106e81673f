"""The update of a stack: intent recorded first, applied by the engine, its end recorded."""
