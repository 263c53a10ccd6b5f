#include "base/errand.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
/* After those it needs. */
#include <cmocka.h>

struct task {
	int go[2]; /* a pipe: the work ends when its other end is closed */
	atomic_int done, dropped;
};

static void work(void *context)
{
	struct task *task = context;
	char c;
	ssize_t none = read(task->go[0], &c, 1);
	(void)none;
	atomic_store(&task->done, 1);
}

static void drop(void *context)
{
	atomic_fetch_add(&((struct task *)context)->dropped, 1);
}

static void set_up(struct task *task, struct errand **errand)
{
	struct err err;
	*task = (struct task){.go = {-1, -1}};
	assert_int_equal(pipe(task->go), 0);
	assert_true(errand_begin(errand, work, drop, task, &err));
}

static void until_dropped(struct task *task)
{
	struct stop stop = stop_never();
	struct err err;
	for (int i = 0; i < 1000 && atomic_load(&task->dropped) == 0; i++)
		assert_true(stop_sleep(&stop, 10, &err));
	assert_int_equal(atomic_load(&task->dropped), 1);
	close(task->go[0]);
}

static void waits_until_it_is_done(void **state)
{
	struct stop forever = stop_never(), soon = stop_within(&forever, 50);
	struct errand *errand = NULL;
	struct task task;
	struct err err;
	(void)state;
	set_up(&task, &errand);
	assert_false(errand_wait(errand, &soon, &err));
	assert_int_equal(err.kind, ERR_TIMEOUT);
	close(task.go[1]);
	assert_true(errand_wait(errand, &forever, &err));
	assert_true(errand_wait(errand, &forever, &err));
	assert_int_equal(atomic_load(&task.done), 1);
	assert_int_equal(atomic_load(&task.dropped), 0);
	errand_leave(&errand);
	assert_null(errand);
	until_dropped(&task);
}

static void may_be_left_behind(void **state)
{
	struct errand *errand = NULL;
	struct task task;
	(void)state;
	set_up(&task, &errand);
	errand_leave(&errand);
	errand_leave(&errand);
	assert_int_equal(atomic_load(&task.dropped), 0);
	close(task.go[1]);
	until_dropped(&task);
	assert_int_equal(atomic_load(&task.done), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(waits_until_it_is_done),
	    cmocka_unit_test(may_be_left_behind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
