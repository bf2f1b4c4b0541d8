"""SR-7: reductions go first, and what is not written within a second is cut from others."""

from custom_components.ev_charger_pool.pool.actions import ActionResult
from custom_components.ev_charger_pool.pool.members import OrderKind, Urgency

from .stand import Stand, member


def sharing() -> Stand:
    stand = Stand(member("a"), member("b"), other_a=1.0)
    stand.run(300)
    assert {stand.granted("a"), stand.granted("b")} == {11.0, 12.0}
    return stand


def test_sr7_reductions_come_before_all_else() -> None:
    stand = Stand(*(member(f"m{i}") for i in range(4)), other_a=1.0)
    for _ in range(1_500):
        stand.set_other(1.0 + 4.0 * (len(stand.decisions) // 97 % 4))
        orders = stand.tick().orders
        assert [o.urgency for o in orders] == sorted(o.urgency for o in orders)
        for order in orders:
            if order.kind is OrderKind.RENEW:
                assert order.urgency is Urgency.RENEWAL


def test_sr7_each_member_gets_one_order_at_a_time() -> None:
    stand = sharing()
    stand.set_other(9.0)
    for _ in range(60):
        members = [order.member for order in stand.tick().orders]
        assert len(members) == len(set(members))


def test_sr7_what_is_not_written_within_a_second_is_cut_from_others() -> None:
    stand = sharing()
    stand.devices["a"].writes = False
    stand.set_other(9.0)
    stand.tick()
    assert {stand.granted("a"), stand.granted("b")} == {8.0}
    held_a = stand.devices["a"].draw_a
    stand.run(2)
    # 25 - 9 - what a still takes is not enough for b's minimum.
    assert 9.0 + held_a + stand.granted("b") <= 25.0


def test_sr7_a_link_that_timed_out_is_tried_again_and_others_give_way() -> None:
    stand = sharing()
    device = stand.devices["a"]
    device.answer = ActionResult.TIMED_OUT
    stand.set_other(8.0)
    orders = [o for o in stand.orders(30) if o.member == "a"]
    assert len(orders) >= 4
    assert 8.0 + device.draw_a + stand.granted("b") <= 25.0
    device.answer = ActionResult.ACCEPTED
    stand.run(20)
    assert device.draw_a == stand.granted("a")


def test_sr7_an_answer_that_never_comes_is_a_timeout() -> None:
    stand = Stand(member("a"), other_a=5.0)
    stand.devices["a"].wants_a = 8.0
    stand.run(120)
    stand.devices["a"].answer = None
    stand.set_other(14.0)
    times = []
    for second in range(50):
        orders = stand.tick().orders
        times += [second for order in orders if order.kind is OrderKind.SET]
    assert [later - times[0] for later in times] == [0, 30]


def test_sr7_a_queued_raise_is_called_off_by_a_cut() -> None:
    stand = Stand(member("a"), other_a=15.0)
    stand.run(120)
    device = stand.devices["a"]
    device.writes = False
    stand.set_other(5.0)
    stand.run(70)
    assert (stand.granted(), device.draw_a) == (16.0, 9.0)
    # The raise was never written, and it will not be.
    device.writes = True
    stand.set_other(17.0)
    for _ in range(30):
        stand.tick()
        assert stand.granted() <= 9.0
    assert stand.granted() == 8.0
    assert max(stand.load()) <= 25.0
