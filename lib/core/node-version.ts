/**
 * The oldest major version of Node.js that the package supports: in users' functions, for its constructs, and for
 * its command. `engines` of the package and the documentation name the same number.
 *
 * In a file of its own: the command reads it before it loads anything else, which an older Node.js may not parse.
 */
export const minimumNodeMajor = 20;
