from lending.desk import main

main()
