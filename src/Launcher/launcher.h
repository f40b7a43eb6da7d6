// The launcher: a small static program between the worker and its actions, one for each slot.
//
// The worker starts it with a socket as standard input, tells it once what the world of its actions is like (`setup`), and then gives it one
// action after the other (`run`). Whoever holds the other end of the socket decides: when that end closes, all ends.
//
//   worker ── socket ── launcher                lives in the slot's control groups, network and mount namespaces, in a root made by `setup`
//                          └─ first process     PID 1 of one action's own namespaces: mounts its tree, reaps, ends with all below it
//                               └─ the action   an unprivileged user behind a system call filter
//
// A request is a length (4 bytes, the machine's order) and so many bytes: strings, each ended by NUL: the verb, then keys and their values. A descriptor may come with it.
// A reply has the same form. The words of both are in requests.c, setup.c and action.c. An action goes from action.c
// to description.c, which reads its request, root.c, which makes what it sees, and program.c, which starts its program there.
#ifndef LAUNCHER_H
#define LAUNCHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// Where things are in the root that `setup` makes.
#define WORKER "/.worker"           // what is the worker's; out of sight before an action begins
#define SCRATCH WORKER "/scratch"   // its scratch directory
#define CACHE WORKER "/cache"       // its cache, read-only, so that what is bound from here is read-only as well
#define HOST_PROC WORKER "/proc"    // the host's /proc, if one of ours can only be mounted beside it
#define IMAGE "/.image"             // where the root of an action with a root file system of its own is put together
#define NOTHING "/.nothing"         // an empty directory
#define WORK "/work"                // the input root of each action

extern int worker_socket; // standard input

// ---- requests.c: requests and replies

struct request
{
    char *data; // as it came
    char *next; // the next string of it
    char *end;
    int descriptor; // came with it; -1 for none
};

#define NO_REQUEST {.descriptor = -1}

// Reads the next request, and gives up what came with the last one; false when the worker is gone. Ends the process if the request makes no sense.
bool request_read(struct request *request);

// The next string; NULL after the last one.
char *request_next(struct request *request);

// A number of the request; ends the process if it is none.
unsigned long long request_number(const char *text);

// Sends a reply of the given strings (the last one NULL), with a descriptor unless it is negative.
void reply(int descriptor, ...);

// Tells the worker what could not be done, with the reason that errno has, and ends the process.
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

// ---- setup.c: the root that all actions of the slot share

struct world
{
    unsigned user;      // who actions run as
    bool is_user_mapped; // in a user namespace of ours, where that is the worker's own user
};

// Does what a `setup` request says and moves into the root made so.
void setup(struct request *request, struct world *world);

// ---- mounts.c

// Mounts, or fails with what it was about.
void mount_new(const char *kind, const char *target, unsigned long flags, const char *options);
void mount_bind(const char *source, const char *target);
void mount_bind_read_only(const char *source, const char *target); // with all that is mounted below
void mount_overlay(const char *lower, const char *upper, const char *work, const char *target, bool is_user_mapped, const char *more); // options, each after a comma
void mount_kept(const char *from, const char *changes, const char *target, bool is_user_mapped); // 'keep' and 'cache' of action.c
void make_directory(const char *path);                            // unless there is one
void make_file(const char *path, const char *content);

// ---- action.c: one action

// Does what a `run` request says: starts the action, waits until nothing of it is left, and replies.
void run(struct request *request, const struct world *world);

// ---- channel.c: actions that the worker speaks with while they run

// Connects to a socket on which the worker listens.
int channel_open(const char *path);

// The input root for the worker while the action runs: whatever the action does to it meanwhile, no path in it leads the worker elsewhere.
int view_open(void);

// ---- filter.c: the system calls that actions may make

// Installs the filter for the calling process and all that it starts. Needs no_new_privs. Returns 0, or -1 with errno.
int filter_install(void);

// ---- audit.c: a record of what an action looks at

// In the first process, while the scratch directory is in sight: makes the record.
void audit_prepare(const char *path);

// In the action's process, the last before it executes: from here on the first process is told what it does.
void audit_hand_over(void);

// In the first process, once the action's process is forked: begins to write down what it and all that it starts do; and ends it, when none of them is left.
void audit_begin(void);
void audit_end(void);

#endif
