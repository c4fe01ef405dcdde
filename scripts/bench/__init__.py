"""`make bench`: Shenyan beside a bare relay, in one run, on loopback."""
