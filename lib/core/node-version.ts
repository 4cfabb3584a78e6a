/**
 * The oldest major version of Node.js that the package supports: in users' functions, for its constructs, and for
 * its command. `engines` of the package and the documentation name the same number.
 */
export const minimumNodeMajor = 20;
