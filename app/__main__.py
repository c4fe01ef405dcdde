"""`python -m app` is `shenyan`."""

from app.cli.entry import main

if __name__ == "__main__":
    main()
