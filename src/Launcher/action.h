// An action, as the request describes it, and the parts that carry it out.
#ifndef ACTION_H
#define ACTION_H

#include "launcher.h"

enum { most_mounts = 1024, path_bytes = 4096 };

struct place { const char *from, *changes, *to; };

struct action
{
    const char *lower, *upper, *work, *tree, *tmp, *image, *frame, *output, *error, *channel, *directory, *audit, *vary, *stdio;
    unsigned long long file_bytes;
    char **arguments, **environment; // the last of each is NULL
    size_t argument_count, environment_count;
    size_t bind_count, keep_count;
    struct place binds[most_mounts], keeps[most_mounts];
};

// ---- description.c

// Reads what follows the word `run`. What the action had before is forgotten; the texts are those of the request.
void action_read(struct request *request, struct action *action);

// ---- root.c

// In the first process: mounts what the action is to see, and makes it the root.
void root_make(const struct action *action, bool is_user_mapped);

// ---- program.c

// In the action's own process: becomes its user, and executes its program with these descriptors as standard input and output; a terminal becomes the one that steers its session.
_Noreturn void program_start(const struct action *action, const struct world *world, int input, int output, int error);

#endif
