"""Checks the device profiles of the package; ends with 1 when something is wrong with one."""

import sys

from . import check_profiles

if __name__ == "__main__":
    problems = check_profiles()
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    sys.exit(1 if problems else 0)
