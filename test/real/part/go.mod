module part

go 1.26.0
