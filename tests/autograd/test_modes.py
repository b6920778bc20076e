"""no_grad, enable_grad, set_grad_enabled, inference_mode: as context managers, decorators, on generators, per thread."""

import threading

import pytest

import minitorch as mt

x = mt.ones(2, requires_grad=True)


def recorded():
    return (x * 2).requires_grad


@pytest.mark.parametrize(("mode", "inside"), [
    (lambda: mt.no_grad(), False), (lambda: mt.enable_grad(), True), (lambda: mt.set_grad_enabled(False), False),
    (lambda: mt.set_grad_enabled(True), True), (lambda: mt.inference_mode(), False),
    (lambda: mt.inference_mode(False), True),
])  # fmt: skip
@pytest.mark.parametrize("outside", [True, False])
def test_context_managers(mode, inside, outside):
    with mt.set_grad_enabled(outside):
        with mode():
            assert recorded() == inside == mt.is_grad_enabled()
        assert recorded() == outside
        with pytest.raises(KeyError), mode():
            raise KeyError
        assert recorded() == outside


def test_nesting():
    with mt.no_grad():
        with mt.enable_grad():
            with mt.no_grad():
                assert not recorded()
            assert recorded()
        assert not recorded()
    assert recorded()


def test_one_mode_may_be_entered_twice():
    mode = mt.no_grad()
    with mode, mode:
        assert not recorded()
    assert recorded()


def test_set_grad_enabled_is_also_a_function():
    mt.set_grad_enabled(False)
    assert not recorded()
    mt.set_grad_enabled(True)
    assert recorded()


@pytest.mark.parametrize("decorate", [mt.no_grad(), mt.no_grad, mt.inference_mode(), mt.inference_mode])
def test_decorators(decorate):
    @decorate
    def work(a, *, b=2):
        """Its doc."""
        return recorded(), a, b

    assert work(1, b=3) == (False, 1, 3) and work.__name__ == "work" and work.__doc__ == "Its doc."
    assert recorded()


def test_set_grad_enabled_as_a_decorator():
    @mt.set_grad_enabled(False)
    def work():
        return recorded()

    assert recorded() and not work() and recorded()

    @mt.enable_grad()
    def other():
        return recorded()

    with mt.no_grad():
        assert other()


def test_a_recursive_decorated_function():
    @mt.no_grad()
    def work(n):
        return [recorded()] + (work(n - 1) if n else [])

    assert work(3) == [False] * 4 and recorded()


def test_generators_keep_their_mode_between_steps():
    @mt.no_grad()
    def numbers():
        got = yield recorded()
        assert got == "sent"
        yield recorded()
        return "returned"

    running = numbers()
    assert next(running) is False and recorded()
    with mt.enable_grad():
        assert running.send("sent") is False and recorded()
    with pytest.raises(StopIteration) as stop:
        next(running)
    assert stop.value.value == "returned" and recorded()


def test_what_is_thrown_into_a_generator_reaches_it():
    closed = []

    @mt.no_grad()
    def numbers():
        try:
            yield 1
        except KeyError:
            yield recorded()
        finally:
            closed.append(recorded())

    running = numbers()
    next(running)
    assert running.throw(KeyError) is False
    running.close()
    assert closed == [False] and recorded()


def test_grad_mode_is_per_thread():
    seen = []
    with mt.no_grad():
        thread = threading.Thread(target=lambda: seen.append(recorded()))
        thread.start()
        thread.join()
        assert not recorded()
    thread = threading.Thread(target=lambda: (mt.set_grad_enabled(False), seen.append(recorded())))
    thread.start()
    thread.join()
    assert seen == [True, False] and recorded()


def test_inference_tensors():
    with mt.inference_mode():
        assert mt.is_inference_mode_enabled()
        y = mt.ones(2)
        made = x * 2
        view = x[:1]
    assert not mt.is_inference_mode_enabled()
    assert y.is_inference() and made.is_inference() and not x.is_inference() and not view.is_inference()
    with pytest.raises(RuntimeError, match="Inference tensors cannot be saved for backward"):
        x * y
    with pytest.raises(RuntimeError, match="Setting requires_grad=True on inference tensor outside InferenceMode"):
        y.requires_grad_()
    z = y.clone()
    assert not z.is_inference()
    (x * z).sum().backward()
    x.grad = None
    with mt.no_grad():
        assert (x * y).tolist() == [1, 1]
    with mt.inference_mode(), mt.enable_grad():
        assert not recorded()


def test_leaves_made_under_no_grad_still_require_grad():
    with mt.no_grad():
        w = mt.ones(2, requires_grad=True)
        assert w.requires_grad and not (w * 2).requires_grad
    (w * 2).sum().backward()
    assert w.grad.tolist() == [2, 2]


@pytest.mark.referee
def test_pytorch_agrees(monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setitem(globals(), "mt", torch)
    monkeypatch.setitem(globals(), "x", torch.ones(2, requires_grad=True))
    test_nesting()
    test_set_grad_enabled_as_a_decorator()
    test_generators_keep_their_mode_between_steps()
    test_what_is_thrown_into_a_generator_reaches_it()
    test_inference_tensors()
    test_leaves_made_under_no_grad_still_require_grad()
