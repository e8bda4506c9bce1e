package main

// sayWhatToTry ends with lines that work as they stand while the demo runs.
func (s *stage) sayWhatToTry() {
	s.screen.title("It runs on until Ctrl-C. Try:")
	for _, line := range []string{
		"curl -s " + s.url + "/v1/elections",
		"curl -s " + s.url + "/v1/elections/" + report + "/leader",
		"curl -s " + s.url + "/v1/elections/" + locker + "    # the polling programs' lock, observed",
		"curl -s " + s.url + "/metrics",
		s.bellwether + " queue --endpoints " + s.endpoint() + " " + report,
	} {
		s.screen.text("%s", line)
	}
	s.screen.text("kill -9 $(pgrep -f '^%s -log %s')    # the leader of %s; then ask again", s.worker, s.log(report), report)
}
