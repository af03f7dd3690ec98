#ifndef IDENTIFY_H
#define IDENTIFY_H
/* Prints the exception levels, the PE's model and its features, as its identification registers have them. */
void identify(void);
#endif
