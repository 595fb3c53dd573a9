# shellcheck shell=bash disable=SC2164,SC2016,SC1091
# What the suites reach.

# With hardly a test it is too low, and says so.
long_low_coverage_is_refused()
{
	fails 'below [0-9]+ % of lines' "$REPO/scripts/coverage" \
		--filter_glob='kiobuf.alloc*'
}

# Last, as what is left to look at should be its report.
long_coverage()
{
	"$REPO/scripts/coverage"
}
