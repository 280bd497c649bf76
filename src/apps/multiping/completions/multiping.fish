# fish completion of multiping(1): the program says which options it has.
if command -q multiping
    multiping --completion fish | source
end
