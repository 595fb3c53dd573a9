# shellcheck shell=bash
# The series in other configurations.

long_builds_in_every_configuration()
{
	"$REPO/scripts/builds" | tee out
	! grep -v '^ok ' out
}
