"""The survey of a cluster: what its log says about the nodes."""

from trio_chat.cluster.entries import Begun, Entry, Item, Lost, Reported, Stopped
from trio_chat.cluster.lives import Lives
from trio_chat.cluster.survey import NodeState, Survey, ended_lives

_START = 1_800_000_000
EPOCH = _START * 10**9


def reported(
    time: float, carried: float, ended: tuple[tuple[str, int, float, bool], ...] = ()
) -> Reported:
    """Return a report."""
    return Reported("1.0", time, "5-0", carried, 7, 3, 2, "ab", ended)


def entry(node: str, *items: Item, epoch: int = EPOCH) -> Entry:
    """Return an entry of a node."""
    return Entry(node, epoch, 2, items)


def states(survey: Survey, now: float = 0.0) -> dict[str, NodeState]:
    """Return the states of all nodes."""
    return {node.name: node.state for node in survey.nodes(now)}


def test_a_node_that_reports() -> None:
    """Its lag is by the clock of the engine alone, and its own clock is compared with that."""
    survey = Survey()
    survey.take(entry("n1", reported(103.5, 100.5)), 101)
    [node] = survey.nodes()
    assert (node.name, node.state, node.since) == ("n1", NodeState.ALIVE, _START)
    assert (node.version, node.sessions, node.unfinished, node.position) == ("1.0", 7, 3, "5-0")
    assert (node.lag, node.clock) == (0.5, 2.5)
    assert node.has_wrong_clock
    assert not node.is_late


def test_a_node_in_a_line() -> None:
    """As operators see it in the chat."""
    survey = Survey()
    survey.take(entry("n1", reported(101, 100.5)), 101)
    survey.take(entry("n2", Stopped()), 101)
    assert list(map(str, survey.nodes())) == [
        "n1: alive since 2027-01-15T08:00:00Z, 0.5 s behind, 7 sessions, 3 not acknowledged,"
        " check 2:ab, version 1.0",
        "n2: stopped since 1970-01-01T00:01:41Z",
    ]


def test_a_late_node_has_no_wrong_clock() -> None:
    """Its report has waited: the time in it is old."""
    survey = Survey()
    survey.take(entry("n1", reported(100, 90)), 110)
    [node] = survey.nodes()
    assert node.is_late
    assert not node.has_wrong_clock


def test_silence() -> None:
    """A node appends an entry each second, with or without items."""
    survey = Survey()
    survey.take(entry("n1"), 100)
    survey.take(entry("n2"), 100)
    survey.take(entry("n2"), 104)
    assert states(survey) == {"n1": NodeState.SILENT, "n2": NodeState.ALIVE}
    assert states(survey, 200) == {"n1": NodeState.SILENT, "n2": NodeState.SILENT}


def test_a_node_that_stops_and_one_that_is_lost() -> None:
    """The time of it is that of the log."""
    survey = Survey()
    for name in ("n1", "n2", "n3"):
        survey.take(entry(name), 100)
    survey.take(entry("n1", Stopped()), 101)
    survey.take(entry("n3", Lost("n2", EPOCH)), 107)
    assert [(node.state, node.since) for node in survey.nodes()] == [
        (NodeState.STOPPED, 101),
        (NodeState.LOST, 107),
        (NodeState.ALIVE, _START),
    ]


def test_a_node_is_not_lost_because_another_one_says_so_too_early() -> None:
    """It counts as in the machine: only if nothing was heard of the node; and only of that life."""
    survey = Survey()
    survey.take(entry("n2", epoch=EPOCH + 1), 100)
    survey.take(entry("n1", Lost("n2", EPOCH), Lost("n3", 1)), 110)
    survey.take(entry("n2", epoch=EPOCH + 1), 110)
    survey.take(entry("n1", Lost("n2", EPOCH + 1)), 111)
    assert states(survey)["n2"] is NodeState.ALIVE


def test_entries_of_a_life_that_is_over() -> None:
    """They do not bring the node back; a later life does, and an entry of no life does nothing."""
    survey = Survey()
    survey.take(entry("n1", Stopped()), 100)
    survey.take(entry("n1"), 101)
    survey.take(entry("n0", epoch=0), 101)
    assert states(survey) == {"n1": NodeState.STOPPED}
    survey.take(entry("n1", Begun(""), epoch=EPOCH + 1), 102)
    survey.take(entry("n1", Stopped()), 103)
    assert states(survey) == {"n1": NodeState.ALIVE}


def test_a_node_is_gone_by_the_report_of_another_one() -> None:
    """So the entries of a few seconds are enough; a life that has begun since then counts."""
    survey = Survey()
    survey.take(entry("n2", epoch=EPOCH + 5), 100)
    ended = (("n2", EPOCH, 40.0, False), ("n3", EPOCH, 50.0, True))
    survey.take(entry("n1", reported(100, 100, ended)), 100)
    assert states(survey) == {
        "n1": NodeState.ALIVE,
        "n2": NodeState.ALIVE,
        "n3": NodeState.LOST,
    }


def test_the_lives_in_a_report_are_bounded() -> None:
    """Nodes with ever new names do not make reports grow."""
    lives = Lives()
    for number in range(150):
        life = lives.begin(Entry(f"n{number}", 1, 1, ()), Begun(""))
        life.is_over, life.ended = True, float(number)
    lives.begin(Entry("alive", 1, 1, ()), Begun(""))
    ended = ended_lives(lives)
    assert len(ended) == 100
    assert ended[-1] == ("n149", 1, 149.0, False)
