"""The policy pack: rules that belong to single resources, whatever stack they are in."""
