// Children belong to the process as a whole. Where actions share a user, a daemon may live until the actions that ran beside it have ended:
// what a test leaves behind could then be another test's, which would be right, but is not what the tests look for.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
