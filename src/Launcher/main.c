// The loop: one request after the other, until the worker is gone.
#include <string.h>

#include "launcher.h"

int main(void)
{
    struct world world = {0};
    struct request request = NO_REQUEST;
    while (request_read(&request))
    {
        const char *verb = request_next(&request);
        if (verb != NULL && strcmp(verb, "setup") == 0)
            setup(&request, &world);
        else if (verb != NULL && strcmp(verb, "run") == 0)
            run(&request, &world);
        else if (verb == NULL || strcmp(verb, "kill") != 0) // a `kill` may come after the end of what it was meant for
            fail("no such verb: '%s'", verb == NULL ? "" : verb);
    }
    return 0;
}
