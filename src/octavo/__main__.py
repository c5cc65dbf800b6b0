"""`python -m octavo`: what the launcher runs."""

from octavo.cli.main import main

if __name__ == "__main__":
    main()
