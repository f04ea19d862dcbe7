"""From books to a close and back: inputs attached, the engine run, results published. In: Books, Ruleset. Out:
CloseResult."""
