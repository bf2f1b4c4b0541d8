"""What a person reads of the year."""

from benchmarks.yearly.table import lines

STRATEGIES = {"pool": "", "round robin": "round_robin_"}


def test_each_scene_has_its_figures_side_by_side() -> None:
    figures = {
        "overload_as": 9.0,
        "house_starts": 3.0,
        "house_energy_ratio": 0.98765,
        "house_odd": 123_456.7,
        "round_robin_house_starts": 7.0,
        "round_robin_house_energy_ratio": 0.5,
    }
    heading, *rows = (line.split() for line in lines(figures, ["house", "depot"], STRATEGIES))
    assert heading == ["house", "pool", "round", "robin"]
    assert rows == [
        ["starts", "3", "7"],
        ["energy_ratio", "0.9877", "0.5"],
        ["odd", "123457", "-"],
    ]


def test_a_scene_whose_name_begins_like_another_is_told_apart() -> None:
    figures = {"garage_starts": 1.0, "garage_planned_starts": 2.0}
    told = [line.split() for line in lines(figures, ["garage", "garage_planned"], STRATEGIES)]
    assert [row[:2] for row in told] == [
        ["garage", "pool"],
        ["starts", "1"],
        ["garage_planned", "pool"],
        ["starts", "2"],
    ]
