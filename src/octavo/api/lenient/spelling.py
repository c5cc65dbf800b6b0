"""One form for the many spellings of a key or a word."""


def bare(key: str) -> str:
    """A key without case, blanks, dashes and underscores: "sendAt", "Send-At" are sendat."""
    return "".join(char for char in key[:64].casefold() if char.isalnum())


def underscored(word: str) -> str:
    """A word in small letters, blanks and dashes as underscores: "Premium SMS" is premium_sms."""
    return "_".join(word.casefold().replace("-", " ").replace("_", " ").split())
