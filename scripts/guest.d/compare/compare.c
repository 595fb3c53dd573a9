// SPDX-License-Identifier: GPL-2.0
/*
 * compare [OPTION]...: run each case on a disk opened with O_DIRECT and on the
 * raw device bound to it, and compare what it sees.
 *
 *	--differences FILE	differences that are meant
 *	--only CASE		only this one; may be repeated
 *	--disk DISK		only on this one; may be repeated
 *	--all			also what takes long
 *	--plant WHAT		have the raw side differ in its data, result,
 *				time, log, or hang
 *	--patience N		N times as long until a case counts as hung
 *	--verbose		print what is the same, too
 *	--list			print cases and their disks
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "compare.h"

#define MAX_SEEN	1024

/* What a case saw, written by its process and read by us. */
struct seen {
	int nr;
	bool failed;		/* a must() */
	struct {
		char key[96];
		char value[400];
	} what[MAX_SEEN];
};

static struct seen *sides[2], *seen;
static int kmsg;
static int nr_differences, nr_known, nr_same, nr_failed;
static bool verbose, in_case;
static int patience = 1;

enum plant plant;
bool on_raw;
struct disk *disk;

static void vsee(const char *key, const char *fmt, va_list ap)
{
	if (seen->nr == MAX_SEEN) {
		in_case = false;
		errno = E2BIG;
		die("MAX_SEEN");
	}
	snprintf(seen->what[seen->nr].key, sizeof(seen->what[0].key), "%s",
		 key);
	vsnprintf(seen->what[seen->nr].value, sizeof(seen->what[0].value), fmt,
		  ap);
	seen->nr++;
}

void see(const char *key, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsee(key, fmt, ap);
	va_end(ap);
}

void die(const char *what)
{
	if (in_case)
		see("error", "%s: %s", what, strerror(errno));
	else
		printf("compare: error: %s: %s\n", what, strerror(errno));
	fflush(stdout);
	_exit(2);
}

/* A process that may never end must not keep open what we print to. */
void let_go_of_output(void)
{
	int fd = open("/dev/null", O_RDWR);

	dup2(fd, 1);
	dup2(fd, 2);
	close(fd);
}

void must(const char *key, bool ok, const char *fmt, ...)
{
	char text[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	see(key, "%s%s", ok ? "" : "WRONG: ", text);
	if (!ok)
		seen->failed = true;
}

const char *result(long ret)
{
	static char text[4][32];
	static int i;
	char *p = text[i++ % 4];
	const char *name = NULL;

	if (ret < 0 && ret > -4096)
		name = strerrorname_np(-ret);
	if (name)
		snprintf(p, sizeof(text[0]), "-%s", name);
	else
		snprintf(p, sizeof(text[0]), "%ld", ret);
	return p;
}

long sysret(long ret)
{
	return ret == -1 ? -errno : ret;
}

double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

void sleep_until(double when)
{
	while (now() < when)
		usleep(5000);
}

int write_file(const char *value, const char *fmt, ...)
{
	char path[256];
	va_list ap;
	int fd, ret;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return -errno;
	ret = sysret(write(fd, value, strlen(value)));
	close(fd);
	return ret < 0 ? ret : 0;
}

const char *node(void)
{
	static char path[64];

	if (!on_raw)
		return disk->path;
	snprintf(path, sizeof(path), "/dev/raw/raw%u", disk->minor);
	return path;
}

int open_node(int flags)
{
	int fd = open(node(), flags | O_DIRECT);

	if (fd < 0)
		die(node());
	return fd;
}

/* Numbers say nothing, and names differ. */
static void normalize(char *text)
{
	char *from = text, *to = text, *end;

	end = strstr(text, "File: ");
	if (end)
		end[6] = 0;
	for (; *from; to++) {
		if (!strncmp(from, "0x", 2))
			from += 2;
		if (!isdigit(*from)) {
			*to = *from++;
			continue;
		}
		while (isxdigit(*from))
			from++;
		*to = '#';
	}
	*to = 0;
}

static bool is_complaint(int level, const char *text)
{
	static const char * const words[] = {
		"WARNING:", "BUG:", "INFO: ", "Oops",
	};
	size_t i;

	/* Some of these are left out, if there are many. */
	if (strstr(text, " error, dev ") ||
	    strstr(text, "invalidation failure"))
		return false;
	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (strstr(text, words[i]))
			return true;
	return level <= 3;
}

/* Each complaint of the kernel since the last call, once. */
static void read_log(bool ignore)
{
	char record[8192], all[400] = "", *text, *end;
	unsigned int prio;
	ssize_t len;

	for (;;) {
		len = read(kmsg, record, sizeof(record) - 1);
		if (len < 0 && errno == EPIPE)
			continue;
		if (len <= 0)
			break;
		record[len] = 0;
		text = strchr(record, ';');
		/* The kernel's own, and what was planted. */
		if (!text || sscanf(record, "%u", &prio) != 1 ||
		    (prio > 7 && !strstr(text, ";planted")))
			continue;
		text++;
		end = strchr(text, '\n');
		if (end)
			*end = 0;
		if (!is_complaint(prio & 7, text))
			continue;
		normalize(text);
		if (strstr(all, text) ||
		    strlen(all) + strlen(text) + 4 > sizeof(all))
			continue;
		strcat(strcat(all, all[0] ? " / " : ""), text);
	}
	if (!ignore)
		see("log", "%s", all);
}

static void run_case(const struct test *t)
{
	setpgid(0, 0);
	prctl(PR_SET_NAME, "compare");
	in_case = true;
	let_go_of_output();
	/* An error that nobody was told of is not that of this case. */
	fsync_disk();
	if (!disk->slow && !t->raw_only)
		prepare();
	t->fn(t->arg);
	exit(0);
}

static bool reap(pid_t pid, double seconds, int *status)
{
	double end = now() + seconds;

	do {
		if (waitpid(pid, status, WNOHANG) == pid)
			return true;
		usleep(2000);
	} while (now() < end);
	return false;
}

/* A case on one side, in a process of its own, which may never come back. */
static void run_side(const struct test *t, bool raw)
{
	int limit = (t->timeout ? t->timeout : 40) * patience, status = 0;
	double start = now();
	pid_t pid;

	on_raw = raw;
	seen = sides[raw];
	seen->nr = 0;
	seen->failed = false;
	read_log(true);
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid)
		run_case(t);
	if (reap(pid, limit, &status)) {
		kill(-pid, SIGKILL);
		see("end", WIFEXITED(status) ? "exit %d" : "signal %d",
		    WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	} else {
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
		see("end", "did not end in %d s", limit);
		if (!reap(pid, 3, &status)) {
			see("killed", "does not die");
			disk->hung = true;
		}
	}
	read_log(t->noisy);
	if (verbose)
		printf("%s/%s on %s: %.1f s\n", t->name, disk->name,
		       raw ? "raw" : "O_DIRECT", now() - start);
}

/* A line of the list of differences; see its head. */
struct known {
	char key[128], direct[200], raw[200];
	bool compared, used;
};

static struct known known[200];
static size_t nr_known_lines;

static char *next_field(char **line)
{
	char *field = strsep(line, "|"), *end;

	if (!field) {
		errno = EINVAL;
		die("a line of the list of differences has too few fields");
	}
	while (isspace(*field))
		field++;
	end = field + strlen(field);
	while (end > field && isspace(end[-1]))
		*--end = 0;
	return field;
}

static void read_differences(const char *name)
{
	FILE *f = fopen(name, "r");
	char line[1024], *p;
	struct known *k;

	if (!f)
		die(name);
	while (fgets(line, sizeof(line), f)) {
		/* The lines that give the reason are not indented. */
		if (line[0] != '\t')
			continue;
		if (nr_known_lines == ARRAY_SIZE(known)) {
			errno = E2BIG;
			die(name);
		}
		k = &known[nr_known_lines++];
		p = line;
		snprintf(k->key, sizeof(k->key), "%s", next_field(&p));
		snprintf(k->direct, sizeof(k->direct), "%s", next_field(&p));
		snprintf(k->raw, sizeof(k->raw), "%s", next_field(&p));
	}
	fclose(f);
}

static bool is_known(const char *key, const char *direct, const char *raw)
{
	struct known *k;
	bool found = false;

	for (k = known; k < known + nr_known_lines; k++) {
		if (fnmatch(k->key, key, 0))
			continue;
		k->compared = true;
		if (fnmatch(k->direct, direct, 0) || fnmatch(k->raw, raw, 0))
			continue;
		if (strcmp(direct, raw))
			k->used = found = true;
	}
	return found;
}

static const char *value_of(struct seen *s, const char *key)
{
	int i;

	for (i = 0; i < s->nr; i++)
		if (!strcmp(s->what[i].key, key))
			return s->what[i].value;
	return "(not seen)";
}

static void compare_key(const struct test *t, const char *name)
{
	const char *direct = value_of(sides[0], name);
	const char *raw = value_of(sides[1], name);
	char key[256];

	snprintf(key, sizeof(key), "%s/%s/%s", t->name, disk->name, name);
	if (is_known(key, direct, raw)) {
		nr_known++;
		printf("known %s\n    O_DIRECT %s\n    raw      %s\n", key,
		       direct, raw);
	} else if (strcmp(direct, raw)) {
		nr_differences++;
		printf("DIFFERENCE %s\n    O_DIRECT %s\n    raw      %s\n", key,
		       direct, raw);
	} else {
		nr_same++;
		if (verbose)
			printf("same %s: %s\n", key, direct);
	}
}

/* What has to be so for there to be something to compare. */
static void compare_musts(const struct test *t, bool raw)
{
	const struct seen *s = sides[raw];
	int i;

	if (!s->failed)
		return;
	for (i = 0; i < s->nr; i++) {
		if (strncmp(s->what[i].value, "WRONG: ", 7))
			continue;
		nr_failed++;
		printf("FAIL %s/%s/%s on %s: %s\n", t->name, disk->name,
		       s->what[i].key, raw ? "raw" : "O_DIRECT",
		       s->what[i].value);
	}
}

static void compare_sides(const struct test *t)
{
	int i;

	/* Where nothing can be done on O_DIRECT, nothing is compared. */
	if (strcmp(value_of(sides[0], "end"), "exit 0")) {
		nr_failed++;
		printf("FAIL %s/%s on O_DIRECT: %s, %s\n", t->name, disk->name,
		       value_of(sides[0], "end"), value_of(sides[0], "error"));
	}
	for (i = 0; i < sides[0]->nr; i++)
		compare_key(t, sides[0]->what[i].key);
	/* And what only raw saw. */
	for (i = 0; i < sides[1]->nr; i++)
		if (!strcmp(value_of(sides[0], sides[1]->what[i].key),
			    "(not seen)"))
			compare_key(t, sides[1]->what[i].key);
	compare_musts(t, false);
	compare_musts(t, true);
}

static bool differ(const struct test *t)
{
	char key[256];
	int i;

	if (sides[0]->failed || sides[1]->failed)
		return true;
	for (i = 0; i < sides[0]->nr; i++) {
		const char *name = sides[0]->what[i].key;
		const char *direct = sides[0]->what[i].value;
		const char *raw = value_of(sides[1], name);

		snprintf(key, sizeof(key), "%s/%s/%s", t->name, disk->name,
			 name);
		if (strcmp(direct, raw) && !is_known(key, direct, raw))
			return true;
	}
	return false;
}

static void run_both(const struct test *t)
{
	if (!t->raw_only)
		run_side(t, false);
	if (!disk->hung)
		run_side(t, true);
}

static bool is_wrong(const char *key, const char *value)
{
	if (!strncmp(value, "WRONG: ", 7) || !strcmp(key, "error"))
		return true;
	if (!strcmp(key, "end"))
		return strcmp(value, "exit 0");
	return !strcmp(key, "log") && value[0];
}

/* What raw has to do, with nothing to compare it with. */
static void judge(const struct test *t)
{
	const struct seen *s = sides[1];
	int i;

	for (i = 0; i < s->nr; i++) {
		if (!is_wrong(s->what[i].key, s->what[i].value)) {
			nr_same++;
			continue;
		}
		nr_failed++;
		printf("FAIL %s/%s/%s: %s\n", t->name, disk->name,
		       s->what[i].key, s->what[i].value);
	}
}

static void run_test(const struct test *t)
{
	int tries;

	if (disk->hung) {
		printf("SKIP %s/%s: this disk hangs\n", t->name, disk->name);
		nr_failed++;
		return;
	}
	run_both(t);
	/* What is different once more is not by chance. */
	for (tries = 1; t->timed && tries < 3 && !disk->hung && differ(t);
	     tries++) {
		printf("again %s/%s\n", t->name, disk->name);
		run_both(t);
	}
	if (t->raw_only)
		judge(t);
	else
		compare_sides(t);
	fflush(stdout);
}

static bool listed(const char *list, const char *name)
{
	char *copy = strdup(list), *p = copy, *word;
	bool found = false, except;

	while (!found && (word = strsep(&p, ","))) {
		except = word[0] == '-';
		if (fnmatch(word + except, name, 0))
			continue;
		if (except)
			break;
		found = true;
	}
	free(copy);
	return found;
}

static char only[1024], only_disk[1024];
static bool all;

static bool wanted(const struct test *t, const struct disk *d)
{
	if (!listed(t->disks, d->name))
		return false;
	if (only_disk[0] && !listed(only_disk, d->name))
		return false;
	if (only[0])
		return listed(only, t->name);
	return all || !t->lasting;
}

static void run_disk(struct disk *d)
{
	size_t i;

	disk = d;
	for (i = 0; i < nr_tests; i++) {
		if (!wanted(&tests[i], d))
			continue;
		if (!d->added && !add_disk(d)) {
			printf("FAIL no disk %s: %s\n", d->name,
			       d->why ? d->why : strerror(errno));
			nr_failed++;
			return;
		}
		run_test(&tests[i]);
	}
	if (d->added && !d->hung)
		del_disk(d);
}

static void stale(void)
{
	struct known *k;

	for (k = known; k < known + nr_known_lines; k++) {
		if (!k->compared || k->used)
			continue;
		printf("FAIL this difference was not seen: %s | %s | %s\n",
		       k->key, k->direct, k->raw);
		nr_failed++;
	}
}

static void list(void)
{
	size_t i, j;

	for (i = 0; i < nr_tests; i++) {
		printf("%s:", tests[i].name);
		for (j = 0; j < nr_disks; j++)
			if (listed(tests[i].disks, disks[j].name))
				printf(" %s", disks[j].name);
		puts("");
	}
	exit(0);
}

static enum plant plant_named(const char *name)
{
	static const char * const names[] = {
		"", "data", "result", "time", "log", "hang",
	};
	size_t i;

	for (i = 1; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], name))
			return i;
	errno = EINVAL;
	die(name);
}

static void more(char *to, const char *name)
{
	strcat(strcat(to, to[0] ? "," : ""), name);
}

static void options(int argc, char **argv)
{
	static const struct option opts[] = {
		{ "differences", 1, NULL, 'f' }, { "only", 1, NULL, 'o' },
		{ "disk", 1, NULL, 'd' }, { "all", 0, NULL, 'a' },
		{ "plant", 1, NULL, 'p' }, { "verbose", 0, NULL, 'v' },
		{ "list", 0, NULL, 'l' }, { "patience", 1, NULL, 'n' }, { }
	};
	int c;

	while ((c = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		switch (c) {
		case 'f': read_differences(optarg); break;
		case 'o': more(only, optarg); break;
		case 'd': more(only_disk, optarg); break;
		case 'a': all = true; break;
		case 'p': plant = plant_named(optarg); break;
		case 'v': verbose = true; break;
		case 'l': list(); break;
		case 'n': patience = atoi(optarg); break;
		default: exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	double start = now();
	size_t i;

	options(argc, argv);
	for (i = 0; i < 2; i++) {
		sides[i] = mmap(NULL, sizeof(*sides[i]), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (sides[i] == MAP_FAILED)
			die("mmap");
	}
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	if (kmsg < 0)
		die("/dev/kmsg");
	lseek(kmsg, 0, SEEK_END);
	for (i = 0; i < nr_disks; i++)
		run_disk(&disks[i]);
	stale();
	printf("compare: %d the same, %d known differences, %d differences, "
	       "%d failures in %.0f s\n", nr_same, nr_known, nr_differences,
	       nr_failed, now() - start);
	return nr_differences || nr_failed || !nr_same;
}
