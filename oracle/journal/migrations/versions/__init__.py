"""One file a revision, named by its number; what a file says is never changed once it is out."""
