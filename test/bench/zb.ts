import { benchApply } from './apply.ts'
import { printFigures, printMachine } from './measure.ts'
printMachine()
printFigures('apply', await benchApply())
