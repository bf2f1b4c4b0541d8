"""Checks of the files of the integration that no other tool reads.

Home Assistant's own checker (hassfest) is not part of its package, so what matters of it is checked
here against the Home Assistant that is installed; the hosted workflow runs the real one as well.
"""
