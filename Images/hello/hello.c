#include <stdio.h>

int main(void) {
    puts("Hello from Pouch!\n"
         "\n"
         "To print this, pouch asked pouchd for a container of the image hello; pouchd mounted its one layer, started a\n"
         "shim, and the shim ran this program in namespaces and a control group of its own.\n"
         "\n"
         "Next: pouch run -it --rm busybox sh");
    return 0;
}
