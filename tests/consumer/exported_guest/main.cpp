// Calls a library that pings, and knows nothing of multiping.
int ping_this_host();

int main() { return ping_this_host(); }
