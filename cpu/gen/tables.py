"""The tables (*.def, *.decode, *.list) that C is generated from: a row is a line, "#" begins a comment."""


def rows(path):
    """Yields "PATH:LINE", for messages, and the text of each row."""
    with open(path, encoding='utf-8') as file:
        for number, line in enumerate(file, 1):
            line = line.split('#', 1)[0].strip()
            if line:
                yield f'{path}:{number}', line
