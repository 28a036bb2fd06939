"""``python -m painresponse`` is ``painresponse``."""

from painresponse.commands import main

main()
