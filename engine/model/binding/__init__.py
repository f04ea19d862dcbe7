"""From syntax to model, name by name: what is declared, what a name stands for, what type a value has."""
