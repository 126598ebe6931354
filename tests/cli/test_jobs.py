"""jobs, logs, explain, status, top, and the changes an owner asks for."""


def ended(tenfold, *words):
    return tenfold("run", "--json", "--", *words).json["job"]["id"]


def test_the_table_has_every_job(tenfold):
    job = ended(tenfold, "echo", "[red]x")
    rows = tenfold("jobs").out.splitlines()
    assert rows[0].split()[:3] == ["id", "name", "state"]
    assert any(row.startswith(f"{job} ") and "echo [red]x" in row for row in rows)
    assert job in [view["id"] for view in tenfold("jobs", "--all", "--json").json]


def test_a_name_with_colours_in_it_colours_nothing(tenfold):
    ended(tenfold, "true")
    tenfold("run", "--name", "\x1b[31mred", "--", "true")
    assert "\x1b" not in tenfold("jobs").out


def test_explain_gives_the_reason_and_the_history(tenfold):
    first = tenfold("run", "--detach", "--", "sleep", "20").out.strip()
    job = tenfold("run", "--detach", "--after", first, "--", "true").out.strip()
    waits = tenfold.until(lambda: tenfold("explain", job).out)
    assert waits.startswith(f"{job} true  queued")
    tenfold("cancel", first, job)
    tenfold.until_state(first, "cancelled")
    told = tenfold("explain", job).out
    assert "queued" in told and "cancelled" in told.splitlines()[-1]


def test_pause_and_resume_of_a_waiting_job(tenfold):
    first = tenfold("run", "--detach", "--", "sleep", "20").out.strip()
    job = tenfold("run", "--detach", "--after", first, "--", "true").out.strip()
    assert tenfold("pause", job, "--json").json[0]["state"] == "paused"
    assert tenfold("resume", job, "--json").json[0]["state"] == "queued"
    tenfold("cancel", first, job)


def test_a_priority_is_changed(tenfold):
    first = tenfold("run", "--detach", "--", "sleep", "20").out.strip()
    job = tenfold("run", "--detach", "--after", first, "--", "true").out.strip()
    assert tenfold("priority", job, "7").out == f"{job} true: priority 7\n"
    assert tenfold("priority", job, "-7", "--json").json["spec"]["priority"] == -7
    told = tenfold("priority", job, "5000", "--json", status=2).json
    assert told["refusal"]["code"] == "wire.shape"
    tenfold("cancel", first, job)


def test_a_retry_is_a_new_attempt_with_its_own_log(tenfold, tmp_path):
    words = ("sh", "-c", "if [ -e x ]; then echo second; else touch x; echo first; exit 1; fi")
    tenfold("run", "--name", "twice", "--", *words, status=1, cwd=tmp_path)
    job = next(v["id"] for v in tenfold("jobs", "--json").json if v["name"] == "twice")
    tenfold("retry", job)
    tenfold.until_state(job, "succeeded")
    assert tenfold("logs", job).out == "second\n"
    assert tenfold("logs", job, "--attempt", "1").out.startswith("first\n")
    assert tenfold("logs", job, "--json").json["attempt"] == 2


def test_one_refused_job_does_not_keep_the_others(tenfold):
    first = tenfold("run", "--detach", "--", "sleep", "20").out.strip()
    told = tenfold("cancel", "no-such", first, status=2)
    assert told.err.startswith("There is no job no-such.")
    tenfold.until_state(first, "cancelled")


def test_a_job_that_is_not_there(tenfold):
    for words in (["logs", "999"], ["explain", "999"], ["logs", "-f", "999"]):
        told = tenfold(*words, "--json", status=2).json
        assert told["refusal"]["code"] == "job.unknown"


def test_status_and_top_show_the_device_and_who_is_on_it(tenfold):
    job = tenfold("run", "--detach", "--name", "sleeper", "--", "sleep", "20").out.strip()
    tenfold.until_state(job, "running")
    for words in (["status"], ["top", "--once"]):
        told = tenfold(*words).out
        assert f"{job} sleeper" in told and "n/a" in told and "running" in told
    seen = tenfold("status", "--json").json
    assert seen["modelled"] is False and seen["slots"][0]["job"] == job
    tenfold("cancel", job)
    tenfold.until_state(job, "cancelled")


def test_a_narrow_terminal_cuts_names_not_states(tenfold):
    ended(tenfold, "true")
    told = tenfold("jobs", env={"COLUMNS": "70"}).out
    assert "succeeded" in told and max(map(len, told.splitlines())) <= 70


def test_estimate_here_and_on_a_declared_box(tenfold):
    told = tenfold("estimate", "mine.small", "--count", "5")
    assert "fits" in told.out and "1 core" in told.out and "a guess" in told.out
    there = tenfold("estimate", "mine.small", "--box", "2xH100-PCIe", "--json").json
    assert there["modelled"] and there["fits"] and there["needs"]["time_s"] == 1.0
