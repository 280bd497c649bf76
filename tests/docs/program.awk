# Prints a block of README.md: the first program, or what it prints, which is the next block without a language.
# Usage: awk -v want=program|output -f program.awk README.md
/^```/ && inside { exit }
/^```cpp/ && want == "program" { inside = 1; next }
/^```cpp/ { seen = 1 }
/^```$/ && want == "output" && seen && !in_code { inside = 1; next }
/^```/ { in_code = !in_code }
inside
