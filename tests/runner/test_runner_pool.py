"""The pool of warm processes, used without lessons."""

import ast
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from multiprocessing import forkserver
from pathlib import Path

import pytest

from course.processes import MARKER, Handle, Pool, best_method, describe_exit

PROJECT = Path(__file__).resolve().parents[2]
METHODS = ["spawn", best_method()] if best_method() != "spawn" else ["spawn"]


@pytest.fixture(params=METHODS)
def pool(request, tmp_path):
    (tmp_path / "slow_module.py").write_text("import os\nWHERE = os.getpid()\n")
    with Pool(
        preload=["slow_module"], path=[tmp_path], env={"GREETING": "hello"}, method=request.param
    ) as pool:
        pool.method = request.param
        yield pool


@pytest.fixture
def start(pool, tmp_path):
    def start(code, **how):
        script = tmp_path / "script.py"
        script.write_text(code)
        return pool.start(script, output=tmp_path / "printed", **how)

    return start


def test_a_script_gets_arguments_and_environment_and_its_output_is_kept(start, tmp_path):
    code = "import os, sys; print(sys.argv[1:], os.environ['GREETING'], os.environ['NAME']); sys.exit(4)"
    handle = start(code, args=["a", "b c"], env={"NAME": "you"})
    assert handle.wait(20) == handle.exit_code == 4
    assert (tmp_path / "printed").read_text() == "['a', 'b c'] hello you\n"
    assert 0 < handle.seconds < 20


def test_modules_are_imported_once_by_the_server(pool, start, tmp_path):
    where = []
    for _ in range(2):
        assert start("import os, slow_module; print(slow_module.WHERE, os.getpid())").wait(20) == 0
        imported_in, ran_in = (tmp_path / "printed").read_text().split()
        where.append(imported_in)
        assert (imported_in == ran_in) == (pool.method == "spawn")
    assert (where[0] == where[1]) == (pool.method != "spawn")


def test_a_warm_server_has_imported_before_the_first_script(pool, start, tmp_path):
    imported = tmp_path / "imported"
    with open(tmp_path / "slow_module.py", "a") as file:
        file.write(f"open({str(imported)!r}, 'w').close()\n")
    pool.warm()
    until = time.monotonic() + 20
    while pool.method != "spawn" and not imported.exists():
        assert time.monotonic() < until
        time.sleep(0.01)
    assert start("import os, slow_module; print(slow_module.WHERE, os.getpid())").wait(20) == 0
    imported_in, ran_in = (tmp_path / "printed").read_text().split()
    assert (imported_in == ran_in) == (pool.method == "spawn")


@pytest.mark.skipif(best_method() != "forkserver", reason="needs the warm server")
def test_a_folder_with_a_colon_in_its_name_is_searched_too(tmp_path, monkeypatch):
    folder = tmp_path / f"one{os.pathsep}two"
    folder.mkdir()
    (folder / "slow_module.py").write_text("import os\nWHERE = os.getpid()\n")
    (folder / "script.py").write_text(
        "import os, slow_module; print(slow_module.WHERE, os.getpid())"
    )
    (folder / "below").mkdir()
    monkeypatch.chdir(folder / "below")
    with Pool(preload=["slow_module"], path=[folder]) as pool:
        assert pool.start(folder / "script.py", output=tmp_path / "printed").wait(20) == 0
    imported_in, ran_in = (tmp_path / "printed").read_text().split()
    assert imported_in != ran_in


def test_own_environment_is_as_before(start):
    before = dict(os.environ)
    start("pass").wait(20)
    assert dict(os.environ) == before
    assert not {"GREETING", MARKER} & set(os.environ)


@pytest.mark.parametrize("method", METHODS)
def test_main_program_of_the_caller_is_not_run_again(tmp_path, method):
    (tmp_path / "script.py").write_text("print('script')")
    caller = tmp_path / "caller.py"
    caller.write_text(
        "from course.processes import Pool\nprint('caller')\n"  # no guard
        f"with Pool(method={method!r}) as pool: print(pool.start('script.py', output='printed').wait())"
    )
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(
        [sys.executable, caller], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.stdout + done.stderr == "caller\n0\n"
    assert (tmp_path / "printed").read_text() == "script\n"


def test_a_script_is_ended_at_its_time_limit(start):
    handle = start("import time; time.sleep(1000)", time_limit=0.5)
    assert handle.wait(20) is not None
    assert handle.timed_out
    assert describe_exit(handle.exit_code) == (
        "killed by SIGKILL" if os.name != "nt" else "exit code 1"
    )
    assert not start("pass", time_limit=20).timed_out


@pytest.mark.skipif(
    best_method() != "forkserver", reason="there, each script pays for its own imports"
)
def test_a_script_that_nobody_ends_ends_itself_even_in_c_code(start, monkeypatch):
    monkeypatch.setattr("course.processes.ORPHAN", -59.0)
    handle = start("sum(range(10**13))", time_limit=60)
    assert handle.wait(30) == 1
    assert not handle.timed_out


def test_the_start_of_the_server_does_not_count_as_time_of_the_script(tmp_path):
    (tmp_path / "slow.py").write_text("import time; time.sleep(1.5)")
    (tmp_path / "script.py").write_text("pass")
    with Pool(preload=["slow"], path=[tmp_path]) as pool:
        handle = pool.start(tmp_path / "script.py", output=tmp_path / "printed", time_limit=1.4)
        assert handle.wait(20) == 0


def test_wait_gives_up_at_its_timeout(start):
    handle = start("import time; time.sleep(1000)")
    assert handle.wait(0.1) is None
    handle.kill()
    assert handle.exit_code is not None
    assert not handle.timed_out
    handle.kill()  # once more does no harm


def test_closing_the_pool_ends_what_runs(start, pool):
    handle = start("import time; time.sleep(1000)")
    pool.close()
    assert handle.exit_code is not None


def test_a_preload_that_is_missing_is_said_in_the_output(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("pass")
    with Pool(preload=["no_such_module"]) as pool:
        assert pool.start(script, output=tmp_path / "printed").wait(20) == 1
    assert "No module named 'no_such_module'" in (tmp_path / "printed").read_text()


def test_an_output_that_cannot_be_written_is_an_error(pool, tmp_path):
    with pytest.raises(OSError, match="No such file"):
        pool.start(tmp_path / "script.py", output=tmp_path / "nowhere" / "printed")


@pytest.mark.skipif(best_method() != "forkserver", reason="there is no server")
def test_a_server_that_was_killed_is_replaced(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import os, signal; os.kill(os.getppid(), signal.SIGKILL)")
    with Pool() as pool:
        for _ in range(5):
            assert pool.start(script, output=tmp_path / "printed").wait(20) != 0


@pytest.mark.skipif(best_method() != "forkserver", reason="there is no server")
def test_a_signal_does_not_cut_a_request(tmp_path, monkeypatch, capfd):
    connect, before = (
        forkserver.connect_to_new_process,
        signal.signal(signal.SIGINT, signal.default_int_handler),
    )

    def interrupted(descriptors):
        answer = connect(descriptors)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.1)
        return answer

    monkeypatch.setattr(forkserver, "connect_to_new_process", interrupted)
    with Pool() as pool:
        with pytest.raises(KeyboardInterrupt):
            pool.start("script.py", output=tmp_path / "printed")
        time.sleep(0.3)  # what the child says of a request that ends early would come now
    signal.signal(signal.SIGINT, before)
    assert capfd.readouterr().err == ""


def test_a_server_that_dies_under_a_request_is_replaced(start, monkeypatch):
    handle_start, failures = Handle._start, [EOFError()]

    def fail_once(handle):
        if failures:
            raise failures.pop()
        handle_start(handle)

    monkeypatch.setattr(Handle, "_start", fail_once)
    assert start("pass").wait(20) == 0


@pytest.mark.skipif(best_method() != "forkserver", reason="there is no server")
def test_a_server_that_cannot_live_is_an_error(tmp_path):
    (tmp_path / "deadly.py").write_text("import os; os._exit(1)")
    with Pool(preload=["deadly"], path=[tmp_path]) as pool, pytest.raises((EOFError, OSError)):
        pool.start("script.py", output=tmp_path / "printed")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "exit code 0"),
        (3, "exit code 3"),
        (-9, "killed by SIGKILL"),
        (-99, "killed by signal 99"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="signals have no such names there")
def test_an_exit_code_is_said_in_words(code, words):
    assert describe_exit(code) == words


def test_preload_has_what_three_lessons_import_and_nothing_that_does_not_survive_a_fork():
    files_that_use = Counter()
    for path in [PROJECT / "helper_functions.py", *(PROJECT / "module_03").glob("*.py")]:
        used_here = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                used_here |= {name.name for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                used_here.add(node.module)
        files_that_use.update(used_here)
    used = {name for name, files in files_that_use.items() if files >= 3}
    assert {"torch", "sklearn.datasets"} <= used
    ours = {name for name in used if name.split(".")[0] in ("course", "helper_functions")}
    code = f"""if True:
        import gc, os, course.runner.preload, sys, torch
        wanted = {used - ours} - set(sys.stdlib_module_names) | set(course.runner.preload.MODULES.split())
        print("not imported:", sorted(wanted - set(sys.modules)))
        print("the helper:", "helper_functions" in sys.modules)
        print("compiler front end:", "torch._dynamo" in sys.modules)
        print("GPU in use:", torch.cuda.is_initialized())
        tasks = "/proc/self/task"
        print("threads:", torch.get_num_threads(), len(os.listdir(tasks)) if os.path.exists(tasks) else 1)
        print("collects garbage:", gc.isenabled())
    """
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, env=environment, capture_output=True, text=True
    )
    assert done.stdout.splitlines() == [
        "not imported: []",
        "the helper: False",  # a lesson sees its newest state
        "compiler front end: True",
        "GPU in use: False",
        "threads: 1 1",
        "collects garbage: True",
    ], done.stderr
