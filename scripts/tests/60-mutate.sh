# shellcheck shell=bash disable=SC2164,SC2016,SC1091
# Planting bugs: scripts/mutate and scripts/mutants.

plant()
{
	awk -v mode=plant -v id="$1" -f "$REPO/scripts/mutants/plant.awk" \
		bugs source.c
}

list()
{
	awk -v mode=list -f "$REPO/scripts/mutants/plant.awk" bugs
}

some_source()
{
	printf '%s\n' 'int first(int a);' '' 'int first(int a)' '{' \
		$'\ta++;' $'\treturn a;' '}' '' \
		'static struct thing *second(int a,' $'\t\t\t    int b)' '{' \
		$'\ta++;' $'\ta++;' $'\treturn 0;' '}' '' \
		'static int' 'third(int a)' '{' $'\treturn 3;' '}' >source.c
}

test_bug_is_planted_in_its_function()
{
	some_source
	cat >bugs <<-'EOF'
		file source.c

		mutant one
		  Nothing is counted.
		@@ first
		-	a++;

		mutant two
		  The result is
		  another one.
		@@ second
		-	return 0;
		+	return 1;
		@@
		 int first(int a)
		 {
		-	a++;
		+	a--;
	EOF
	plant one >out
	diff <(sed '5d' source.c) out
	plant two >out
	diff <(sed '5s/++/--/; s/return 0/return 1/' source.c) out
	list >out
	says $'^two\tsource.c\t-\t-\tThe result is another one\\.\t-$' <out
	printf 'file source.c\nmutant one\n  What.\n@@ third\n-\treturn 3;\n' >bugs
	plant one >out
	diff <(grep -v 'return 3;' source.c) out
}

# bad_bug PATTERN: with the hunk on stdin.
bad_bug()
{
	some_source
	{
		printf 'file source.c\nmutant one\n  What it is.\n'
		cat
	} >bugs
	fails "$1" plant one
}

test_bug_that_does_not_fit_is_refused()
{
	bad_bug 'not in first' <<<$'@@ first\n-\ta--;'
	bad_bug 'no function fourth' <<<$'@@ fourth\n-\ta--;'
	bad_bug 'in second.* more than once' <<<$'@@ second\n-\ta++;'
	bad_bug 'in the file more than once' <<<$'@@\n-\ta++;'
	# Part of a line, or of a longer one, is not the line.
	bad_bug 'not in first' <<<$'@@ first\n-a++;'
	bad_bug 'changes nothing' <<<$'@@ first\n \ta++;'
	bad_bug 'changes nothing' <<<$'@@ first\n+\ta++;'
	bad_bug 'not understood' <<<$'@@ first\n-\ta++;\nhello'
}

test_bad_list_of_bugs_is_refused()
{
	printf 'mutant one\n  What.\n@@\n-\ta\n' >bugs
	fails 'no "file"' list
	printf 'file x\nmutant one\n@@\n-\ta\n' >bugs
	fails 'no description' list
	printf 'file x\nmutant one\n  What.\n' >bugs
	fails 'no hunk' list
	printf 'file x\nmutant one\n  What.\n@@\n-a\nmutant one\n' >bugs
	fails 'two of this name' list
	printf 'file x\nmutant one\n  What.\n@@\n-a\nsurvives: why\n  suites not\n' >bugs
	list | says $'\twhy suites not\tWhat.'
	printf 'file x\nmutant one\n  What.\n@@\n-a\nneeds: guest, why\n  it does\n' >bugs
	list | says $'\tWhat.\tguest, why it does$'
	printf 'file x\nmutant one\n  What.\n@@\n-a\nneeds: more\n' >bugs
	fails 'not understood' list
}

# Each of them fits the series as it is.
test_all_bugs_can_be_planted()
{
	local base hash id file rest

	base=$("$REPO/scripts/base")
	hash=$(series_commit "$base" base)
	"$REPO/scripts/mutate" --list | awk '{ print $2, $1 }' >ids
	while read -r id file; do
		sgit -C "$base" cat-file -e "$hash:$file" 2>/dev/null || {
			echo "$id: the series has no $file"
			return 1
		}
		sgit -C "$base" show "$hash:$file" >source.c
		cat "$REPO"/scripts/mutants/{[blm]*-*,fixes,raw} >bugs
		plant "$id" >out
		! cmp -s source.c out
	done <ids
	[ "$(wc -l <ids)" -ge 30 ]
}

# Whether it is good enough, from what real runs would say.
planted_run()
{
	mkdir -p bugs
	cat >bugs/some
	"$REPO/scripts/mutate" --quick --bugs "$PWD/bugs" >out 2>&1
}

long_caught_and_survived_bugs()
{
	local good

	good=$'file mm/kiobuf.c\nsuites kiobuf\nmutant good\n  No kiobufs.\n'
	good+=$'@@ alloc_kiovec\n-\treturn 0;\n+\treturn -EINTR;\n'
	planted_run <<<"$good"
	says '^good +caught +test ' <out
	says 'mm/kiobuf.c: 1 of 1 caught, 100 %' <out

	# It is gone when another file has its turn.
	good+=$'file block/kiobuf.c\nsuites kiobuf_io\nmutant none\n  The same.\n'
	good+=$'@@ kiobuf_brw_put\n-\t\tcomplete(&brw->done);\n'
	good+=$'+\t\tcomplete(1 ? &brw->done : NULL);\n'
	fails '' planted_run <<<"$good"
	says '^good +caught +test ' <out
	says '^none +survived' <out

	fails '' planted_run <<-'EOF'
		file mm/kiobuf.c
		mutant none
		  A change that changes nothing.
		@@ alloc_kiovec
		-	return 0;
		+	return 1 - 1;
		mutant hang
		  Never comes back.
		@@ free_kiovec
		-	int i;
		+	int i;
		+
		+	while (1)
		+		cpu_relax();
		mutant panic
		  Crashes the machine.
		@@ free_kiovec
		-	int i;
		+	int i;
		+
		+	panic("planted");
		mutant warns
		  Complains.
		@@ free_kiovec
		-	int i;
		+	int i;
		+
		+	WARN_ON(1);
		mutant broken
		  Does not compile.
		@@ alloc_kiovec
		-	return 0;
		+	return nothing_at_all;
		mutant misplaced
		  Does not fit.
		@@ alloc_kiovec
		-	return 77;
	EOF
	says '^none +survived' <out
	says 'NOT EXPLAINED' <out
	says '^hang +caught +no end' <out
	says '^panic +caught' <out
	says '^warns +caught +splat' <out
	says '^broken +unbuilt' <out
	says '^misplaced +unplanted' <out
	says '3 of 6 caught, 50 %: too few' <out
}

long_all_planted_bugs()
{
	"$REPO/scripts/mutate"
}
