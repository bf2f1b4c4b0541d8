"""Raises keep a distance from what a device was told last; renewing that is no distance lost."""

from datetime import timedelta

from custom_components.ev_charger_pool.pool.members import Lease

from .stand import Stand, member


def test_a_lease_that_is_renewed_as_often_as_raises_may_come_does_not_hold_them_up() -> None:
    lease = Lease(duration=timedelta(seconds=30), renewal=timedelta(seconds=10))
    stand = Stand(
        member("a", lease=lease, raise_spacing=timedelta(seconds=10), step_a=0.1), other_a=17.0
    )
    stand.run(60)
    assert 6.0 <= stand.granted("a") <= 8.0
    stand.set_other(5.0)
    stand.run(120)
    assert stand.granted("a") == 16.0
