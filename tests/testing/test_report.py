"""The report: true or not, with counts, one line per thing checked, and one screen."""

import pytest

from minitorch.testing import GradientError, Report
from minitorch.testing.report import Finding, short_path


def test_an_empty_report_passed():
    report = Report("f", compared=4, kinks=1)
    assert report and report.passed and report.outcome == "passed" and report.raised() is report
    assert repr(report) == "<Report of f: passed; 4 entries compared, 1 at kinks skipped, 0 unresolved>"
    assert str(report).splitlines() == ["gradcheck passed: f", "4 entries compared, 1 at kinks skipped, 0 unresolved"]


@pytest.mark.parametrize(("kinds", "outcome"), [
    (["wrong"], "failed"), (["unresolved"], "cannot resolve"), (["unresolved", "dtype"], "failed"), (["mutated"], "failed")])  # fmt: skip
def test_the_outcome_is_the_worst(kinds, outcome):
    report = Report("f", [Finding(kind, f"it is {kind}", "output 0") for kind in kinds])
    assert not report and report.outcome == outcome
    with pytest.raises(GradientError, match=f"it is {kinds[-1]}") as raised:
        report.raised()
    assert raised.value.report is report and isinstance(raised.value, AssertionError)


def test_reports_join():
    report = Report("f", compared=1, notes=["one"])
    report.add("a thing", [], "fine")
    other = Report("g", compared=2, kinks=3, unresolved=4, notes=["one", "two"])
    other.add("another", [Finding("wrong", "it is wrong")])
    joined = report.merge(other)
    assert (joined.compared, joined.kinks, joined.unresolved, joined.notes) == (3, 3, 4, ["one", "two"])
    assert [(line.what, line.outcome, line.detail) for line in joined.lines] == [
        ("a thing", "passed", "fine"), ("another", "failed", "it is wrong")]  # fmt: skip
    assert "another" in str(joined) and "note: two" in str(joined)


def test_long_texts_are_folded_to_the_screen():
    finding = Finding("wrong", "word " * 200, "output 0", rows=[("what", "word " * 200)] * 9, suspect="word " * 200)
    lines = str(Report("f" * 30, [finding] * 5, notes=["word " * 100] * 3, repeat="x" * 500)).splitlines()
    assert len(lines) <= 24 and max(map(len, lines)) <= 80


def test_paths_are_short(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert short_path(f"{tmp_path}/a/b.py:3") == "a/b.py:3"
    assert short_path("/somewhere/else/entirely/far/away/from/here/deep/down/b.py:3") == ".../down/b.py:3"
    assert short_path("<string>:1") == short_path("") == ""
