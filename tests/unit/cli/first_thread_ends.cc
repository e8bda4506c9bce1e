// A process that looks like a zombie while it runs: its first thread has ended, another goes on.
#include <pthread.h>
#include <unistd.h>

#include <thread>

int main() {
  std::thread([] {
    for (;;) pause();
  }).detach();
  pthread_exit(nullptr);
}
