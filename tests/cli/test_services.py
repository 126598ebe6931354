"""A service from the command line: where it is found is said wherever one would look."""

SERVE = ("sh", "-c", 'exec python -m http.server --bind 127.0.0.1 "$PORT"')


def test_the_address_of_a_service_is_shown_everywhere(tenfold):
    words = ("run", "--service", "--name", "My web", "--sleep-after", "10m", "--detach")
    ran = tenfold(*words, "--", *SERVE)
    job = ran.out.strip()
    view = tenfold("explain", job, "--json").json["job"]
    url = view["url"]
    assert url.startswith("http://127.0.0.1:") and url.endswith("/my-web/")
    assert f"It will answer at {url}" in ran.err
    assert (view["spec"]["sleep_after_s"], view["spec"]["retry"]) == (600.0, None)
    tenfold.until_state(job, "running")
    env = {"COLUMNS": "200"}
    for command in (("jobs",), ("status",), ("explain", job)):
        assert url in tenfold(*command, env=env).out
    tenfold("cancel", job)
    tenfold.until_state(job, "cancelled")
    assert url not in tenfold("status", env=env).out
    assert tenfold("explain", job, "--json").json["job"]["url"] is None


def test_only_a_service_sleeps(tenfold):
    said = tenfold("run", "--sleep-after", "10m", "--json", "--", "true", status=2)
    assert said.json["refusal"]["code"] == "service.sleep"
    plain = tenfold("run", "--json", "--", "true").json["job"]
    assert plain["url"] is None
