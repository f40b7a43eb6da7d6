// The request of an action. What its keys mean stands in action.c.
#include <stdlib.h>
#include <string.h>

#include "action.h"

static void append(char ***list, size_t *count, char *text)
{
    if ((*count & (*count + 1)) == 0) // full: one is for the NULL at the end
    {
        char **longer = realloc(*list, (*count * 2 + 2) * sizeof *longer);
        if (longer == NULL)
            fail("memory for arguments");
        *list = longer;
    }
    (*list)[(*count)++] = text;
    (*list)[*count] = NULL;
}

static void append_place(struct place *places, size_t *count, const char *from, const char *changes, const char *to)
{
    if (*count == most_mounts || to == NULL)
        fail("more than %d mounts, or one without its place", most_mounts);
    places[(*count)++] = (struct place){from, changes, to};
}

void action_read(struct request *request, struct action *action)
{
    const struct { const char *key; const char **value; } texts[] = {
        {"lower", &action->lower}, {"upper", &action->upper}, {"work", &action->work}, {"tree", &action->tree}, {"tmp", &action->tmp},
        {"image", &action->image}, {"frame", &action->frame}, {"output", &action->output}, {"error", &action->error}, {"channel", &action->channel},
        {"directory", &action->directory},
        {"audit", &action->audit}, {"vary", &action->vary}, {"stdio", &action->stdio},
    };
    free(action->arguments);
    free(action->environment);
    memset(action, 0, offsetof(struct action, binds)); // the places count as far as they are counted
    for (const char *key; (key = request_next(request)) != NULL;)
    {
        char *value = request_next(request);
        if (value == NULL)
            fail("'%s' has no value", key);
        size_t number = 0;
        while (number < sizeof texts / sizeof *texts && strcmp(key, texts[number].key) != 0)
            number++;
        if (number < sizeof texts / sizeof *texts)
            *texts[number].value = value;
        else if (strcmp(key, "argument") == 0)
            append(&action->arguments, &action->argument_count, value);
        else if (strcmp(key, "environment") == 0)
            append(&action->environment, &action->environment_count, value);
        else if (strcmp(key, "bind") == 0)
            append_place(action->binds, &action->bind_count, value, NULL, request_next(request));
        else if (strcmp(key, "keep") == 0 || strcmp(key, "cache") == 0)
        {
            const char *changes = strcmp(key, "cache") == 0 ? request_next(request) : NULL;
            append_place(action->keeps, &action->keep_count, value, changes, request_next(request));
        }
        else if (strcmp(key, "file-bytes") == 0)
            action->file_bytes = request_number(value);
        else
            fail("no such key of 'run': '%s'", key);
    }
    if (action->argument_count == 0 || action->tmp == NULL || action->output == NULL || action->error == NULL || action->directory == NULL
        || (action->tree == NULL && (action->lower == NULL || action->upper == NULL || action->work == NULL)))
        fail("'run' lacks something");
}
