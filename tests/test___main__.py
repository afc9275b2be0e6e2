import subprocess
import sys


def test_the_package_runs_as_a_program() -> None:
    command = [sys.executable, "-m", "sojourn", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("sojourn ")
