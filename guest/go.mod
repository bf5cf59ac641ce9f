module berth/guest

go 1.26
