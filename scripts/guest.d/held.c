// SPDX-License-Identifier: GPL-2.0
/*
 * raw_held: put pages of ours, not copies of them, into the pipe that standard
 * output is. They stay when we are gone, until somebody empties the pipe.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>

#define SIZE	(16 * 4096UL)

int main(void)
{
	struct iovec iov = { .iov_len = SIZE };

	iov.iov_base = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (iov.iov_base == MAP_FAILED)
		return 1;
	memset(iov.iov_base, 1, SIZE);
	if (vmsplice(1, &iov, 1, 0) != SIZE) {
		perror("vmsplice");
		return 1;
	}
	return 0;
}
